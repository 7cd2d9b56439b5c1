cd /tmp/base/v8; D=/tmp/base/driftd-n10
export AWS_ENDPOINT_URL=http://127.0.0.1:6872 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION=us-east-1 HOME=/tmp/base/v8/home
for d in cases/states/*/; do n=$(basename $d); echo "=== $n"; cd /tmp/base/v8/$d; case $n in
 09*) for f in live/eu-west-1/production/network/terraform.tfstate encrypted.tfstate cut.tfstate; do timeout 30 $D scan --state $f --no-unmanaged; echo rc $?; done;;
 12*) chmod 000 states/b; su nobody -s /bin/sh -c "timeout 30 env AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION=us-east-1 $D scan --state 'states/*/terraform.tfstate'; echo rc \$?; env AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION=us-east-1 $D scan --state 'states/**/*.tfstate'; echo rc \$?"; chmod 755 states/b;;
 13*) mkfifo f 2>/dev/null; (cat ../10*/state.tfstate > f &) ; timeout 20 $D scan --state f --no-unmanaged; echo rc $?; mkfifo g 2>/dev/null; timeout 30 $D scan --state g --no-unmanaged; echo "nobody writes rc $?";;
 14*) for x in kinds iam-policy "rules list" "completions bash" schema man; do $D $x | head -1 >/dev/null; echo "$x ${PIPESTATUS[0]}"; done;;
 17*) for f in git-crypt.tfstate git-lfs.tfstate sops.tfstate s3-error.tfstate pulumi.json; do timeout 30 $D scan --state $f --no-unmanaged 2>&1 | grep -v '^$' | head -8; done;;
 *) timeout 40 $D scan --state state.tfstate --no-unmanaged; echo rc $?;;
esac; done
