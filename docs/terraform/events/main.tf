# What driftd's event source `sqs` needs in one account and region; see README.md.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  prefix    = "${var.name}-events"

  rules = merge(
    # Calls that change something. `ENABLED` leaves out calls that only read; data events (of S3's objects) are no management events.
    {
      changes = {
        state = "ENABLED"
        pattern = jsonencode({
          source      = [for service in var.services : "aws.${service}"]
          detail-type = ["AWS API Call via CloudTrail"]
          detail = {
            eventSource     = [for service in var.services : "${service}.amazonaws.com"]
            managementEvent = [true]
            readOnly        = [false]
          }
        })
      }
    },
    # To CloudTrail these calls only read. Services that assume roles for themselves are nobody to look for.
    var.sessions ? {
      sessions = {
        state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
        pattern = jsonencode({
          source      = ["aws.sts"]
          detail-type = ["AWS API Call via CloudTrail"]
          detail = {
            eventName = [
              "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken", "GetSessionToken",
            ]
            userIdentity = { type = [{ anything-but = "AWSService" }] }
          }
        })
      }
      sign-ins = {
        state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
        pattern = jsonencode({
          source = ["aws.signin", "aws.sso"]
          detail = { eventName = ["ConsoleLogin", "Federate", "GetRoleCredentials"] }
        })
      }
    } : {},
  )
}

resource "aws_sqs_queue" "events" {
  name = var.name

  # Ten log files are read within this time; what a daemon that was killed had received comes again after it.
  visibility_timeout_seconds = 120
  receive_wait_time_seconds  = 20
  # Shorter than the dead-letter queue's: a message keeps its age when it moves.
  message_retention_seconds = 864000
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    # What nobody can read driftd takes out itself, at the third time. This is for what fails: three hours of it lose nothing.
    maxReceiveCount = 100
  })

  sqs_managed_sse_enabled = var.kms_key_arn == null ? true : null
  kms_master_key_id       = var.kms_key_arn
  tags                    = var.tags
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 1209600

  sqs_managed_sse_enabled = var.kms_key_arn == null ? true : null
  kms_master_key_id       = var.kms_key_arn
  tags                    = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.events.arn]
  })
}

resource "aws_cloudwatch_event_rule" "events" {
  for_each = local.rules

  name          = "${local.prefix}-${each.key}"
  description   = "CloudTrail's events for driftd: ${each.key}"
  state         = each.value.state
  event_pattern = each.value.pattern
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "events" {
  for_each = aws_cloudwatch_event_rule.events

  rule      = each.value.name
  target_id = var.name
  arn       = aws_sqs_queue.events.arn

  # What EventBridge could not bring to the queue in 24 hours.
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_sqs_queue_policy.events, aws_sqs_queue_policy.dead_letters]
}

resource "aws_s3_bucket_notification" "trail" {
  count = try(var.trail.notify, false) ? 1 : 0

  bucket = var.trail.bucket

  queue {
    id            = local.prefix
    queue_arn     = aws_sqs_queue.events.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = var.trail.prefix
    filter_suffix = ".json.gz"
  }

  # S3 sends a test message at once.
  depends_on = [aws_sqs_queue_policy.events]
}
