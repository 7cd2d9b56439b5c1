resource "aws_vpc" "this" {
  cidr_block = "10.7.0.0/16"
}
