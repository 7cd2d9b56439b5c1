"""moto_server with a few answers put into the form that AWS documents, which driftd's SDK insists on, and a few listings that
moto does not have: those of an account without such things. Ends with its stdin, so that it never outlives who started it.

    python -m tests.world.moto_server -H 127.0.0.1 -p PORT
"""
import io
import os
import re
import sys
import threading
import urllib.parse

from moto import server
from moto.ec2.models.amis import Ami

# Sub-resource -> (root of moto's answer, root in AWS's API reference: GetBucketVersioning, GetBucketAccelerateConfiguration).
ROOTS = {
    "versioning": (b"GetBucketVersioningResponse", b"VersioningConfiguration"),
    "accelerate": (b"GetBucketAccelerateConfigurationResponse", b"AccelerateConfiguration"),
}
# moto takes `?requestPayment` for a listing; this is what every bucket has that nobody changed.
PAYER = b'<?xml version="1.0" encoding="UTF-8"?>\n<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Payer>BucketOwner</Payer></RequestPaymentConfiguration>'
# moto has no listing of access points: an account without any.
NO_ACCESS_POINTS = b'<?xml version="1.0" encoding="UTF-8"?>\n<ListAccessPointsResult xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><AccessPointList/></ListAccessPointsResult>'
# Listings that moto does not have -> the answer where there is nothing to list.
EMPTY_LISTINGS = {
    "DescribePlacementGroups": b'''<?xml version="1.0" encoding="UTF-8"?>
<DescribePlacementGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>0</requestId><placementGroupSet/></DescribePlacementGroupsResponse>''',
    "ListServiceSpecificCredentials": b'''<ListServiceSpecificCredentialsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
<ListServiceSpecificCredentialsResult><ServiceSpecificCredentials/><IsTruncated>false</IsTruncated></ListServiceSpecificCredentialsResult>
<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></ListServiceSpecificCredentialsResponse>''',
}


def repaired(application):
    def serve(environ, start_response):
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == "/":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            action = re.match(rb"(?:.*&)?Action=(\w+)", body)
            if action and (empty := EMPTY_LISTINGS.get(action.group(1).decode())):
                return whole(empty, "200 OK", [], start_response)
        query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        signed_for = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        if environ["REQUEST_METHOD"] != "GET" or not signed_for or signed_for.group(1) not in ("s3", "s3express"):
            return application(environ, start_response)
        if environ["PATH_INFO"] == "/v20180820/accesspoint":
            return whole(NO_ACCESS_POINTS, "200 OK", [], start_response)
        sub = next((name for name in (*ROOTS, "requestPayment") if name in query), None)
        if sub is None:
            return application(environ, start_response)
        head = []
        body = b"".join(application(environ, lambda status, headers, *_: head.extend((status, headers))))
        if head[0].startswith("200"):
            body = PAYER if sub == "requestPayment" else body.replace(*ROOTS[sub])
        return whole(body, head[0], head[1], start_response)
    return serve


def whole(body, status, headers, start_response):
    kept = [(k, v) for k, v in headers if k.lower() not in ("content-length", "content-type")]
    start_response(status, [*kept, ("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def filter_images_by_snapshot() -> None:
    """A filter of DescribeImages that moto does not have."""
    known = Ami.get_filter_value
    Ami.get_filter_value = lambda image, name, method=None: (
        image.ebs_snapshot.id if name == "block-device-mapping.snapshot-id" else known(image, name, method))


def end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    threading.Thread(target=end_with_stdin, daemon=True).start()
    filter_images_by_snapshot()
    run_simple = server.run_simple
    server.run_simple = lambda host, port, application, **options: run_simple(host, port, repaired(application), **options)
    server.main()


if __name__ == "__main__":
    main()
