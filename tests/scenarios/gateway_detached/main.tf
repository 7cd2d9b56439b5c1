resource "aws_vpc" "a" { cidr_block = "10.9.0.0/16" }
resource "aws_internet_gateway" "a" {}
resource "aws_internet_gateway_attachment" "a" {
  internet_gateway_id = aws_internet_gateway.a.id
  vpc_id              = aws_vpc.a.id
}
