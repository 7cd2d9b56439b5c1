resource "aws_vpc" "this" {
  cidr_block = "10.8.0.0/16"
}

resource "aws_security_group" "this" {
  name        = "neg-rewritten"
  description = "put back as it was"
  vpc_id      = aws_vpc.this.id
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "192.0.2.0/24"]
  }
}

resource "aws_iam_role" "this" {
  name = "neg-rewritten"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole"], Principal = { Service = ["ec2.amazonaws.com", "lambda.amazonaws.com"] } }]
  })
}

resource "aws_s3_bucket" "this" {
  bucket = "scenario-neg-rewritten"
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Tls"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:GetObject", "s3:PutObject"]
      Resource  = ["${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = ["false"] } }
    }]
  })
}
