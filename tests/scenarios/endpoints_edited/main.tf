resource "aws_vpc" "this" {
  cidr_block           = "10.13.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_subnet" "this" {
  count             = 2
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet("10.13.0.0/16", 8, count.index)
  availability_zone = ["us-east-1a", "us-east-1b"][count.index]
}

resource "aws_security_group" "this" {
  count  = 2
  name   = "endpoints-edited-${count.index}"
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
}

# An interface endpoint brings interfaces along, which nobody declares.
resource "aws_vpc_endpoint" "ssm" {
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.us-east-1.ssm"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.this[*].id
  security_group_ids  = [aws_security_group.this[0].id]
  private_dns_enabled = true
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.this.id
  service_name = "com.amazonaws.us-east-1.s3"
  policy       = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "*" }] })
}

resource "aws_vpc_endpoint_route_table_association" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  route_table_id  = aws_route_table.this.id
}

resource "aws_ec2_managed_prefix_list" "this" {
  name           = "endpoints-edited"
  address_family = "IPv4"
  max_entries    = 5

  entry {
    cidr        = "10.20.0.0/16"
    description = "twenty"
  }
}

resource "aws_network_interface" "this" {
  subnet_id       = aws_subnet.this[1].id
  private_ips     = ["10.13.1.50"]
  security_groups = [aws_security_group.this[0].id]
  description     = "as declared"
}
