"""Three roles get an inline and an attached policy more. What a changed resource shows, the role itself or what lists all of its policies, is not reported as unmanaged besides."""
import json

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def mutate(hand):
    iam = hand.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    for role in ("reported-once-blocks", "reported-once-exclusive", "reported-once-open"):
        iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=document)
        iam.attach_role_policy(RoleName=role, PolicyArn=ADMIN)
