locals {
  read  = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  trust = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}

# Its own blocks say all that it may have.
resource "aws_iam_role" "blocks" {
  name                = "reported-once-blocks"
  assume_role_policy  = local.trust
  managed_policy_arns = [local.read]

  inline_policy {
    name   = "one"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" }] })
  }
}

# Other resources do.
resource "aws_iam_role" "exclusive" {
  name               = "reported-once-exclusive"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policies_exclusive" "this" {
  role_name    = aws_iam_role.exclusive.name
  policy_names = []
}

resource "aws_iam_role_policy_attachments_exclusive" "this" {
  role_name   = aws_iam_role.exclusive.name
  policy_arns = [local.read]
}

# Nothing does.
resource "aws_iam_role" "open" {
  name               = "reported-once-open"
  assume_role_policy = local.trust
}
