# 1 VPC, 4 subnets, 25 security groups, 20 roles, 10 role policies, 5 buckets with 5 access blocks, 15 instances, 15 volumes.

variable "name" { type = string }

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = var.name }
}

resource "aws_subnet" "this" {
  count             = 4
  vpc_id            = aws_vpc.this.id
  availability_zone = "us-east-1${element(["a", "b"], count.index)}"
  cidr_block        = "10.0.${count.index}.0/24"
  tags              = { Name = "${var.name}-${count.index}" }
}

resource "aws_security_group" "this" {
  count       = 25
  name        = "${var.name}-${count.index}"
  description = "service ${count.index}"
  vpc_id      = aws_vpc.this.id
  ingress {
    from_port   = 8000 + count.index
    to_port     = 8000 + count.index
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { service = "${var.name}-${count.index}" }
}

resource "aws_iam_role" "this" {
  count = 20
  name  = "${var.name}-${count.index}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
  tags = { service = "${var.name}-${count.index}" }
}

resource "aws_iam_role_policy" "this" {
  count = 10
  name  = "own"
  role  = aws_iam_role.this[count.index].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = "arn:aws:s3:::${var.name}-*" }]
  })
}

resource "aws_s3_bucket" "this" {
  count  = 5
  bucket = "${var.name}-${count.index}"
  tags   = { service = var.name }
}

resource "aws_s3_bucket_public_access_block" "this" {
  count                   = 5
  bucket                  = aws_s3_bucket.this[count.index].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_instance" "this" {
  count                  = 15
  ami                    = "ami-12c6146b"
  instance_type          = "t3.small"
  subnet_id              = aws_subnet.this[count.index % 4].id
  vpc_security_group_ids = [aws_security_group.this[count.index].id]
  tags                   = { Name = "${var.name}-${count.index}" }
}

resource "aws_ebs_volume" "this" {
  count             = 15
  availability_zone = "us-east-1a"
  size              = 20
  type              = "gp3"
  tags              = { Name = "${var.name}-${count.index}" }
}
