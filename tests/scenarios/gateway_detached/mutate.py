"""A gateway is detached: Terraform tells it of the attachment, and of the gateway."""


def mutate(hand):
    hand.client("ec2").detach_internet_gateway(
        InternetGatewayId=hand.attrs("aws_internet_gateway.a")["id"], VpcId=hand.attrs("aws_vpc.a")["id"])
