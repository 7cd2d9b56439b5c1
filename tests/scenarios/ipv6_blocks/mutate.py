"""A declared IPv6 block goes, and a VPC gets its first one by hand."""


def mutate(hand):
    ec2 = hand.client("ec2")
    ec2.disassociate_vpc_cidr_block(AssociationId=hand.attrs("aws_vpc_ipv6_cidr_block_association.added")["id"])
    ec2.associate_vpc_cidr_block(VpcId=hand.attrs("aws_vpc.none")["id"], AmazonProvidedIpv6CidrBlock=True)
