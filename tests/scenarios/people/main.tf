resource "aws_iam_group" "admins" {
  name = "people-admins"
}

resource "aws_iam_user" "person" {
  for_each = toset(["ada", "grace"])
  name     = "people-${each.key}"
  tags     = { team = "platform" }
}

resource "aws_iam_group_membership" "admins" {
  name  = "admins"
  group = aws_iam_group.admins.name
  users = [aws_iam_user.person["ada"].name]
}

resource "aws_iam_policy" "deny" {
  name = "people-deny"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "NoLeaving", Effect = "Deny", Action = "organizations:LeaveOrganization", Resource = "*" }]
  })
}

resource "aws_iam_group_policy_attachment" "deny" {
  group      = aws_iam_group.admins.name
  policy_arn = aws_iam_policy.deny.arn
}
