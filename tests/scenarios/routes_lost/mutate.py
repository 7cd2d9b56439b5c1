"""The inline default route gets company, the route that stands apart is deleted, a table is renamed."""


def mutate(hand):
    ec2 = hand.client("ec2")
    inline, apart = hand.attrs("aws_route_table.inline")["id"], hand.attrs("aws_route_table.apart")["id"]
    ec2.create_route(RouteTableId=inline, DestinationCidrBlock="198.18.0.0/15", GatewayId=hand.attrs("aws_internet_gateway.this")["id"])
    ec2.delete_route(RouteTableId=apart, DestinationCidrBlock="0.0.0.0/0")
    ec2.create_tags(Resources=[apart], Tags=[{"Key": "Name", "Value": "mine"}])
