resource "aws_vpc" "this" {
  cidr_block = "10.10.0.0/16"
}

resource "aws_security_group" "shared" {
  name        = "two-states-shared"
  description = "others add rules to it"
  vpc_id      = aws_vpc.this.id
}

resource "aws_iam_role" "shared" {
  name = "two-states-shared"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

output "group" { value = aws_security_group.shared.id }
output "role" { value = aws_iam_role.shared.name }
