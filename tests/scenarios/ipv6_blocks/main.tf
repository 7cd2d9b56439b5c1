# The block of one VPC comes with a resource of its own. (moto gives a VPC no second one.)
resource "aws_vpc" "added" {
  cidr_block = "10.67.0.0/16"
}

resource "aws_vpc_ipv6_cidr_block_association" "added" {
  vpc_id                           = aws_vpc.added.id
  assign_generated_ipv6_cidr_block = true
}

resource "aws_vpc" "kept" {
  cidr_block = "10.66.0.0/16"
}

resource "aws_vpc_ipv6_cidr_block_association" "kept" {
  vpc_id                           = aws_vpc.kept.id
  assign_generated_ipv6_cidr_block = true
}

resource "aws_vpc" "own" {
  cidr_block                       = "10.65.0.0/16"
  assign_generated_ipv6_cidr_block = true
}

resource "aws_vpc" "none" {
  cidr_block = "10.68.0.0/16"
}
