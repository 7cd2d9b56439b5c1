resource "aws_vpc" "this" {
  cidr_block = "10.5.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.5.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_security_group" "this" {
  name        = "instance-edited"
  description = "closed"
  vpc_id      = aws_vpc.this.id
}

resource "aws_instance" "worker" {
  count                   = 2
  ami                     = "ami-12c6146b"
  instance_type           = "t3.micro"
  subnet_id               = aws_subnet.this.id
  vpc_security_group_ids  = [aws_security_group.this.id]
  disable_api_termination = true
  tags                    = { Name = "worker-${count.index}" }
}

resource "aws_ebs_volume" "data" {
  availability_zone = "us-east-1a"
  size              = 20
  type              = "gp3"
  tags              = { Name = "data" }
}

resource "aws_eip" "this" {
  domain = "vpc"
  tags   = { Name = "entry" }
}
