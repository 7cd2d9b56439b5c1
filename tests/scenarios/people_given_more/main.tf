resource "aws_iam_group" "this" {
  for_each = toset(["admins", "listed", "joined"])
  name     = "given-more-${each.key}"
}

resource "aws_iam_user" "this" {
  for_each = toset(["ada", "grace"])
  name     = "given-more-${each.key}"
}

resource "aws_iam_group_membership" "listed" {
  name  = "listed"
  group = aws_iam_group.this["listed"].name
  users = [aws_iam_user.this["ada"].name]
}

resource "aws_iam_user_group_membership" "joined" {
  user   = aws_iam_user.this["ada"].name
  groups = [aws_iam_group.this["joined"].name]
}

resource "aws_iam_user_login_profile" "ada" {
  user = aws_iam_user.this["ada"].name
}

resource "aws_iam_account_alias" "this" {
  account_alias = "given-more"
}
