resource "aws_iam_role" "this" {
  for_each = toset(["kept", "lost"])
  name     = "iam-gone-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_instance_profile" "lost" {
  name = "iam-gone"
}

resource "aws_iam_user" "lost" {
  name = "iam-gone"
}

resource "aws_iam_policy" "lost" {
  name = "iam-gone"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" }]
  })
}
