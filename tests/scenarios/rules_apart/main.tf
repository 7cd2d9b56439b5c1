resource "aws_vpc" "this" {
  cidr_block = "10.2.0.0/16"
}

resource "aws_security_group" "app" {
  name        = "rules-apart-app"
  description = "rules stand apart"
  vpc_id      = aws_vpc.this.id
}

resource "aws_security_group" "old" {
  name        = "rules-apart-old"
  description = "rules of the older kind"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  for_each          = toset(["10.0.0.0/8", "192.0.2.0/24"])
  security_group_id = aws_security_group.app.id
  cidr_ipv4         = each.key
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.app.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_security_group_rule" "http" {
  type              = "ingress"
  security_group_id = aws_security_group.old.id
  cidr_blocks       = ["10.0.0.0/8"]
  from_port         = 80
  to_port           = 80
  protocol          = "tcp"
}

resource "aws_security_group_rule" "peers" {
  type                     = "ingress"
  security_group_id        = aws_security_group.old.id
  source_security_group_id = aws_security_group.app.id
  from_port                = 8080
  to_port                  = 8080
  protocol                 = "tcp"
}
