"""A small false world for the tests, the demo and the benchmark: AWS is moto, truth is Terraform.

    python -m tests.world scenarios --driftd PATH    apply, change by hand, compare with what driftd says
    python -m tests.world serve                      a recorded account behind proxies that can fail
    python -m tests.world accounts                   many accounts and regions, each with its role and its state
    python -m tests.world record                     record tests/world/recorded anew

moto.py starts moto; proxy.py stands before it (records, remembers, delays), with the pages of paging.py and the failures of faults.py;
terraform.py runs Terraform; truth.py reads what Terraform calls drift; compare.py holds driftd's report against it.
"""
