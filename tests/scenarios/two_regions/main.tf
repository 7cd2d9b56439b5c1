module "site" {
  source    = "./site"
  providers = { aws = aws.frankfurt }
}

resource "aws_vpc" "home" {
  cidr_block = "10.11.0.0/16"
  tags       = { Name = "home" }
}
