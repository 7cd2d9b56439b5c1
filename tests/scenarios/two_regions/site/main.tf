terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.12.0.0/16"
  tags       = { Name = "abroad" }
}

resource "aws_security_group" "this" {
  name        = "abroad"
  description = "in Frankfurt"
  vpc_id      = aws_vpc.this.id
}

resource "aws_s3_bucket" "this" {
  bucket = "scenario-two-regions"
  tags   = { Name = "abroad" }
}
