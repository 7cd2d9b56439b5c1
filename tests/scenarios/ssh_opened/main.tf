resource "aws_vpc" "this" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_security_group" "bastion" {
  name        = "bastion"
  description = "SSH from the office"
  vpc_id      = aws_vpc.this.id
  ingress {
    description = "office"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["198.51.100.0/24", "203.0.113.7/32"]
  }
  ingress {
    description = "ping"
    from_port   = -1
    to_port     = -1
    protocol    = "icmp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "untouched" {
  name        = "untouched"
  description = "beside it"
  vpc_id      = aws_vpc.this.id
  ingress {
    self      = true
    from_port = 0
    to_port   = 65535
    protocol  = "tcp"
  }
}
