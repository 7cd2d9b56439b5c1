resource "aws_vpc" "this" {
  cidr_block = "10.6.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.6.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_instance" "this" {
  for_each      = toset(["kept", "lost"])
  ami           = "ami-12c6146b"
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.this.id
}

resource "aws_ebs_volume" "lost" {
  availability_zone = "us-east-1a"
  size              = 8
}

resource "aws_key_pair" "lost" {
  key_name   = "compute-gone"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF1Tl0pmNyKqPbJjVIkNkBpAdRvFPQJ1n3bcbBKuhEbS somebody"
}

resource "aws_eip" "lost" {
  domain = "vpc"
}
