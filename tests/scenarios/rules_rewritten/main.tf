resource "aws_vpc" "this" {
  cidr_block = "10.12.0.0/16"
}

resource "aws_security_group" "inline" {
  name   = "rules-rewritten-inline"
  vpc_id = aws_vpc.this.id

  ingress {
    description      = "web"
    from_port        = 443
    to_port          = 443
    protocol         = "tcp"
    cidr_blocks      = ["10.1.0.0/16", "10.2.0.0/16"]
    ipv6_cidr_blocks = ["2001:db8::/32"]
  }

  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }
}

resource "aws_security_group" "old" {
  name   = "rules-rewritten-old"
  vpc_id = aws_vpc.this.id
}

resource "aws_security_group_rule" "several" {
  security_group_id = aws_security_group.old.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 80
  to_port           = 81
  cidr_blocks       = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]
  description       = "several"
}

resource "aws_security_group_rule" "itself" {
  security_group_id = aws_security_group.old.id
  type              = "ingress"
  protocol          = "-1"
  from_port         = 0
  to_port           = 0
  self              = true
}

resource "aws_security_group" "new" {
  name   = "rules-rewritten-new"
  vpc_id = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each          = { widened = "10.1.0.0/16", again = "10.2.0.0/16", tagged = "10.3.0.0/16" }
  security_group_id = aws_security_group.new.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = each.key
  tags              = { Name = each.key }
}
