resource "aws_vpc" "this" {
  cidr_block = "10.14.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.14.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_instance" "this" {
  ami           = "ami-12c6146b"
  instance_type = "m5.large"
  subnet_id     = aws_subnet.this.id

  # Outlives the instance, and is the instance's all the same.
  ebs_block_device {
    device_name           = "/dev/sdf"
    volume_size           = 30
    delete_on_termination = false
  }
}

resource "aws_ebs_volume" "this" {
  availability_zone = "us-east-1a"
  size              = 8
}

resource "aws_volume_attachment" "this" {
  device_name = "/dev/sdg"
  volume_id   = aws_ebs_volume.this.id
  instance_id = aws_instance.this.id
}

resource "aws_ami_from_instance" "this" {
  name               = "disks-kept"
  source_instance_id = aws_instance.this.id
}
