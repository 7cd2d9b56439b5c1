variable "zones" {
  default = { blue = "us-east-1a", green = "us-east-1b" }
}

resource "aws_vpc" "this" {
  cidr_block           = "10.4.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "edited", owner = "net" }
}

resource "aws_subnet" "zone" {
  for_each                = var.zones
  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.value
  cidr_block              = cidrsubnet("10.4.0.0/16", 8, index(keys(var.zones), each.key))
  map_public_ip_on_launch = false
  tags                    = { zone = each.key }
}

resource "aws_network_acl" "this" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [aws_subnet.zone["blue"].id]
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = "10.0.0.0/8"
    from_port  = 443
    to_port    = 443
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}
