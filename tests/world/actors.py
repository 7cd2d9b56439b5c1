"""The people, roles and programs of the false account, as CloudTrail sees them. Data only: whose credentials, which user agent,
which address, how the session began. Times are given by `at(seconds)`, relative to somebody's first call.
"""
import dataclasses
from typing import Callable

ACCOUNT = "123456789012"
IAM, STS = f"arn:aws:iam::{ACCOUNT}", f"arn:aws:sts::{ACCOUNT}"
GITHUB = f"{IAM}:oidc-provider/token.actions.githubusercontent.com"
BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36"
S3_CONSOLE = "S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.217 OpenJDK_64-Bit_Server_VM/25.412-b09 java/1.8.0_412"
CLI = ("aws-cli/2.34.30 md/awscrt#0.31.2 ua/2.1 os/macos#25.2.0 md/arch#arm64 lang/python#3.14.4 md/pyimpl#CPython "
       "cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#{command}")
BOTO = "Boto3/1.40.2 md/Botocore#1.40.2 ua/2.1 os/{os} lang/python#3.12.6 md/pyimpl#CPython {more}cfg/retry-mode#legacy Botocore/1.40.2"
TERRAFORM = ("APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 "
             "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.8 "
             "md/GOOS#linux md/GOARCH#amd64 api/{service}#1.225.0 m/g")
At = Callable[[int], str]


@dataclasses.dataclass(frozen=True)
class Actor:
    """`identity` is the record's userIdentity; `agent` may name {command} and {service}; `before` are (seconds, record) that came
    before the first call."""
    identity: dict
    agent: str
    address: str
    # A console session's credentials: a fresh access key for every request. `proxied`: the console's servers made the call.
    console: bool = False
    proxied: bool = False
    s3_agent: str | None = None
    before: tuple[tuple[int, dict], ...] = ()


def user(name: str, key: str | None = None, session: dict | None = None) -> dict:
    identity = {"type": "IAMUser", "principalId": f"AIDA{name.upper():0<17.17}", "arn": f"{IAM}:user/{name}", "accountId": ACCOUNT, "userName": name}
    if key:
        identity["accessKeyId"] = key
    return identity | ({"sessionContext": {"attributes": session}} if session else {})


def role_session(role: str, session: str, key: str, created: str, path: str = "", mfa: bool = False, **more) -> dict:
    principal = role_id(role)
    context = {"sessionIssuer": {"type": "Role", "principalId": principal, "arn": f"{IAM}:role/{path}{role}", "accountId": ACCOUNT, "userName": role},
               "attributes": {"creationDate": created, "mfaAuthenticated": str(mfa).lower()}, **more}
    return {"type": "AssumedRole", "principalId": f"{principal}:{session}", "arn": f"{STS}:assumed-role/{role}/{session}",
            "accountId": ACCOUNT, "accessKeyId": key, "sessionContext": context}


def role_id(role: str) -> str:
    return f"AROA{role.upper().replace('-', '').replace('_', ''):0<17.17}"


def assume_role(caller: dict, role: str, session: str, key: str, address: str, agent: str = CLI, **request) -> dict:
    """The record of the call that handed out a role's credentials."""
    arn = f"{IAM}:role/{role}"
    return {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "readOnly": True, "userIdentity": caller,
            "sourceIPAddress": address, "userAgent": agent.format(command="sts.assume-role", service="sts"),
            "requestParameters": {"roleArn": arn, "roleSessionName": session, "durationSeconds": 3600, **request},
            "responseElements": {
                "credentials": {"accessKeyId": key, "sessionToken": "IQoJb3JpZ2luX2VjEXAMPLE", "expiration": "Jan 1, 2030, 1:00:00 AM"},
                "assumedRoleUser": {"assumedRoleId": f"{role_id(role)}:{session}", "arn": f"{STS}:assumed-role/{role}/{session}"}},
            "resources": [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": arn}]}


def sign_in(identity: dict, address: str, mfa: str | None = None) -> dict:
    extra = {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "Yes" if mfa else "No"}
    return {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn", "readOnly": False,
            "userIdentity": identity, "sourceIPAddress": address, "userAgent": BROWSER, "requestParameters": None,
            "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": extra | ({"MFAIdentifier": mfa} if mfa else {})}


def alice(at: At) -> Actor:
    """Identity Center, in the console; her browser calls AWS itself."""
    role = "AWSReservedSSO_AdministratorAccess_9a8b7c6d5e4f3021"
    identity = role_session(role, "alice@example.com", "", at(-900), "aws-reserved/sso.amazonaws.com/")
    return Actor(identity, BROWSER, "198.51.100.11", console=True, s3_agent=S3_CONSOLE)


def bob(at: At) -> Actor:
    """An IAM user in the console, with MFA; the console's servers call for him."""
    identity = user("bob", session={"creationDate": at(-1800), "mfaAuthenticated": "true"})
    login = sign_in(user("bob"), "198.51.100.21", f"{IAM}:mfa/bob")
    return Actor(identity, "AWS Internal", "198.51.100.21", console=True, proxied=True, s3_agent=S3_CONSOLE, before=((-1800, login),))


def carol(at: At) -> Actor:
    """The AWS CLI with a role that her Identity Center session assumed; the source identity stays with it."""
    sso = role_session("AWSReservedSSO_PowerUserAccess_0a1b2c3d4e5f6071", "carol@example.com", "ASIACAROLSSO00000001", at(-600),
                       "aws-reserved/sso.amazonaws.com/")
    session, key, address = "botocore-session-1767225600", "ASIACAROL00000000001", "198.51.100.33"
    assumed = assume_role(sso, "deployer", session, key, address, sourceIdentity="carol@example.com")
    identity = role_session("deployer", session, key, at(-300), sourceIdentity="carol@example.com")
    return Actor(identity, CLI, address, before=((-300, assumed),))


def dave(at: At) -> Actor:
    """Two roles with session names that say nothing: only the AssumeRole records lead back to him."""
    address, hop_key, key = "198.51.100.44", "ASIADAVEHOP000000001", "ASIADAVE000000000001"
    hop = role_session("platform-hop", "session-7f3a91", hop_key, at(-420), mfa=True)
    first = assume_role(user("dave", "AKIADAVE000000000001"), "platform-hop", "session-7f3a91", hop_key, address,
                        serialNumber=f"{IAM}:mfa/dave", tokenCode="HIDDEN_DUE_TO_SECURITY_REASONS")
    second = assume_role(hop, "ops-admin", "1767225a9c4e", key, address)
    identity = role_session("ops-admin", "1767225a9c4e", key, at(-360))
    agent = BOTO.replace("{os}", "macos#24.6.0 md/arch#arm64").replace("{more}", "")
    return Actor(identity, agent, address, before=((-420, first), (-360, second)))


def root(at: At) -> Actor:
    identity = {"type": "Root", "principalId": ACCOUNT, "arn": f"{IAM}:root", "accountId": ACCOUNT,
                "sessionContext": {"attributes": {"creationDate": at(-240), "mfaAuthenticated": "false"}}}
    login = sign_in({k: v for k, v in identity.items() if k != "sessionContext"}, "198.51.100.99")
    return Actor(identity, BROWSER, "198.51.100.99", console=True, s3_agent=S3_CONSOLE, before=((-240, login),))


def breakglass(at: At) -> Actor:
    """frank, by the role for emergencies."""
    address, key = "198.51.100.77", "ASIAFRANK00000000001"
    assumed = assume_role(user("frank", "AKIAFRANK00000000001"), "breakglass", "frank", key, address, serialNumber=f"{IAM}:mfa/frank")
    return Actor(role_session("breakglass", "frank", key, at(-120), mfa=True), CLI, address, before=((-120, assumed),))


def pipeline(at: At) -> Actor:
    """Terraform in GitHub Actions."""
    return ci(at, "gha-1234", "ASIATFCI000000000001", TERRAFORM, "20.55.10.4")


def pipeline_by_hand(at: At) -> Actor:
    """Somebody who took the credentials of a run, with the CLI at home."""
    return ci(at, "gha-1199", "ASIATFCI000000000002", CLI, "192.0.2.17")


def ci(at: At, session: str, key: str, agent: str, address: str) -> Actor:
    subject = "repo:acme/infra:ref:refs/heads/main"
    web = {"type": "WebIdentityUser", "principalId": f"{GITHUB}:sts.amazonaws.com:{subject}", "userName": subject, "identityProvider": GITHUB}
    assumed = assume_role(web, "terraform-ci", session, key, "20.55.10.4", "aws-sdk-nodejs-v3-configure-aws-credentials-action")
    assumed["eventName"] = "AssumeRoleWithWebIdentity"
    assumed["responseElements"] |= {"subjectFromWebIdentityToken": subject, "audience": "sts.amazonaws.com", "provider": GITHUB}
    identity = role_session("terraform-ci", session, key, at(-120), webIdFederationData={"federatedProvider": GITHUB, "attributes": {}})
    return Actor(identity, agent, address, before=((-120, assumed),))


def erin(at: At) -> Actor:
    """CloudFormation, for erin who updated the stack: her identity, its address."""
    update = {"eventSource": "cloudformation.amazonaws.com", "eventName": "UpdateStack", "readOnly": False,
              "userIdentity": user("erin", "AKIAERIN000000000001"), "sourceIPAddress": "198.51.100.55",
              "userAgent": CLI.format(command="cloudformation.update-stack", service="cloudformation"),
              "requestParameters": {"stackName": "helpdesk", "capabilities": ["CAPABILITY_NAMED_IAM"]},
              "responseElements": {"stackId": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/helpdesk/5f3e0b60-0000-11f0-9e52-0eEXAMPLE"}}
    identity = user("erin", "ASIACFNERIN000000001", {"creationDate": at(-20), "mfaAuthenticated": "false"})
    service = "cloudformation.amazonaws.com"
    return Actor(identity | {"invokedBy": service}, service, service, before=((-20, update),))


def robot(at: At) -> Actor:
    """A Lambda function that tidies up."""
    identity = role_session("lambda-autoremediate", "autoremediate", "ASIAROBOT00000000001", at(-60), "service-role/")
    agent = BOTO.replace("{os}", "linux#5.10.240 md/arch#x86_64").replace("{more}", "exec-env/AWS_Lambda_python3.12 ")
    service = "lambda.amazonaws.com"
    assumed = assume_role({"type": "AWSService", "invokedBy": service}, "lambda-autoremediate", "autoremediate", "ASIAROBOT00000000001", service, service)
    return Actor(identity, agent, "54.210.11.8", before=((-60, assumed),))


def faker(at: At) -> Actor:
    """A program that sends Terraform's user agent."""
    return Actor(user("contractor-tmp", "AKIAFAKER00000000001"), TERRAFORM, "192.0.2.66")


# Who -> how the session looks, and the name that a reader of the report should find.
ACTORS: dict[str, tuple[Callable[[At], Actor], str]] = {
    "alice": (alice, "alice@example.com"),
    "bob": (bob, "bob"),
    "carol": (carol, "carol@example.com"),
    "dave": (dave, "dave"),
    "root": (root, f"root of {ACCOUNT}"),
    "breakglass": (breakglass, "frank"),
    "pipeline": (pipeline, "repo:acme/infra:ref:refs/heads/main"),
    "pipeline_by_hand": (pipeline_by_hand, "terraform-ci"),
    "erin": (erin, "erin"),
    "robot": (robot, "lambda-autoremediate"),
    "faker": (faker, "contractor-tmp"),
}
