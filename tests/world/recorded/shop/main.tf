# A small web shop: what `make demo` and the tests without Terraform start from.

module "network" {
  source = "./network"
  name   = "shop"
  cidr   = "10.20.0.0/16"
  zones  = { a = "us-east-1a", b = "us-east-1b" }
}

resource "aws_security_group" "web" {
  name        = "shop-web"
  description = "HTTPS from everywhere"
  vpc_id      = module.network.vpc_id

  ingress {
    description = "https"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { Name = "shop-web", team = "storefront" }
}

resource "aws_security_group" "database" {
  name        = "shop-database"
  description = "PostgreSQL from the web servers"
  vpc_id      = module.network.vpc_id
  tags        = { Name = "shop-database", team = "platform" }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.web.id
  from_port                    = 5432
  to_port                      = 5432
  ip_protocol                  = "tcp"
  description                  = "web to database"
}

resource "aws_iam_role" "web" {
  name = "shop-web"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
  tags = { team = "storefront" }
}

resource "aws_iam_role_policy" "web" {
  name = "uploads"
  role = aws_iam_role.web.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "${aws_s3_bucket.uploads.arn}/*" }]
  })
}

resource "aws_iam_role_policy_attachment" "web" {
  role       = aws_iam_role.web.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "web" {
  name = "shop-web"
  role = aws_iam_role.web.name
}

resource "aws_instance" "web" {
  count                  = 2
  ami                    = "ami-12c6146b"
  instance_type          = "t3.small"
  subnet_id              = module.network.subnet_ids["a"]
  vpc_security_group_ids = [aws_security_group.web.id]
  iam_instance_profile   = aws_iam_instance_profile.web.name
  tags                   = { Name = "shop-web-${count.index}", team = "storefront" }
}

resource "aws_ebs_volume" "orders" {
  availability_zone = "us-east-1a"
  size              = 40
  type              = "gp3"
  encrypted         = true
  tags              = { Name = "shop-orders" }
}

resource "aws_s3_bucket" "uploads" {
  bucket = "shop-uploads-4711"
  tags   = { team = "storefront" }
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket                  = aws_s3_bucket.uploads.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.uploads.arn, "${aws_s3_bucket.uploads.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_iam_group" "support" {
  name = "shop-support"
}

resource "aws_iam_user" "deploy" {
  name = "shop-deploy"
  path = "/machines/"
  tags = { team = "platform" }
}

resource "aws_iam_policy" "deploy" {
  name        = "shop-deploy"
  description = "What a deployment needs"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["ec2:Describe*", "ec2:CreateTags"], Resource = "*" }]
  })
}

resource "aws_iam_user_policy_attachment" "deploy" {
  user       = aws_iam_user.deploy.name
  policy_arn = aws_iam_policy.deploy.arn
}
