data "terraform_remote_state" "network" {
  backend = "local"
  config  = { path = "../1-network/terraform.tfstate" }
}

resource "aws_vpc_security_group_ingress_rule" "app" {
  security_group_id = data.terraform_remote_state.network.outputs.group
  cidr_ipv4         = "10.0.0.0/8"
  from_port         = 8443
  to_port           = 8443
  ip_protocol       = "tcp"
}

resource "aws_iam_role_policy" "app" {
  name = "app"
  role = data.terraform_remote_state.network.outputs.role
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }]
  })
}
