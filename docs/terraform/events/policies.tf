# Who may send to the queues, and who may read the queue and the log files.

locals {
  queue_arns = {
    events       = aws_sqs_queue.events.arn
    dead_letters = aws_sqs_queue.dead_letters.arn
  }
  rule_arns = [for rule in aws_cloudwatch_event_rule.events : rule.arn]

  # Other accounts: the principal that is named, and the condition that narrows it.
  other_senders = merge(
    length(var.senders.accounts) == 0 ? {} : {
      OtherAccounts = {
        principals = [for id in var.senders.accounts : "arn:${local.partition}:iam::${id}:root"]
        condition  = { variable = "aws:PrincipalAccount", values = var.senders.accounts }
      }
    },
    var.senders.organization_id == null ? {} : {
      Organization = {
        principals = ["*"]
        condition  = { variable = "aws:PrincipalOrgID", values = [var.senders.organization_id] }
      }
    },
  )

  # Whoever sends to an encrypted queue uses its key. A statement of a key's policy is about this key alone.
  key_users = concat(
    [for service, source in merge({ events = local.account }, var.trail == null ? {} : { s3 = coalesce(var.trail.account_id, local.account) }) : {
      principal = { Service = "${service}.amazonaws.com" }
      condition = { StringEquals = { "aws:SourceAccount" = source } }
    }],
    [for sender in values(local.other_senders) : {
      principal = { AWS = sender.principals }
      condition = {
        StringEquals = { (sender.condition.variable) = sender.condition.values }
        ArnLike      = { "aws:PrincipalArn" = "arn:${local.partition}:iam::*:role/${var.senders.role}" }
      }
    }],
  )
  key_statements = [for user in local.key_users : {
    Effect    = "Allow"
    Principal = user.principal
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = user.condition
  }]

  trail_objects = var.trail == null ? null : "arn:${local.partition}:s3:::${var.trail.bucket}/${var.trail.prefix}*"
}

data "aws_iam_policy_document" "send" {
  for_each = local.queue_arns

  statement {
    sid       = "Rules"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.rule_arns
    }
  }

  dynamic "statement" {
    for_each = each.key == "events" ? local.other_senders : {}

    content {
      sid       = statement.key
      actions   = ["sqs:SendMessage"]
      resources = [each.value]

      principals {
        type        = "AWS"
        identifiers = statement.value.principals
      }

      condition {
        test     = "StringEquals"
        variable = statement.value.condition.variable
        values   = statement.value.condition.values
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = ["arn:${local.partition}:iam::*:role/${var.senders.role}"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "events" && var.trail != null ? [var.trail] : []

    content {
      sid       = "LogFiles"
      actions   = ["sqs:SendMessage"]
      resources = [each.value]

      principals {
        type        = "Service"
        identifiers = ["s3.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = ["arn:${local.partition}:s3:::${statement.value.bucket}"]
      }

      # A bucket's name says nothing of its owner.
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [coalesce(statement.value.account_id, local.account)]
      }
    }
  }

  statement {
    sid       = "OnlyTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.id
  policy    = data.aws_iam_policy_document.send["events"].json
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy    = data.aws_iam_policy_document.send["dead_letters"].json
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "Queue"
    actions   = ["sqs:DeleteMessage", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.events.arn]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "QueueKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_policy" "queue" {
  name        = "${local.prefix}-queue-${data.aws_region.current.id}"
  description = "driftd reads its queue of events"
  policy      = data.aws_iam_policy_document.queue.json
  tags        = var.tags
}

data "aws_iam_policy_document" "logs" {
  count = var.trail == null ? 0 : 1

  statement {
    sid       = "LogFiles"
    actions   = ["s3:GetObject"]
    resources = [local.trail_objects]
  }

  dynamic "statement" {
    for_each = var.trail.kms_key_arn == null ? [] : [var.trail.kms_key_arn]

    content {
      sid       = "LogFilesKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_policy" "logs" {
  count = var.trail == null ? 0 : 1

  name        = "${local.prefix}-logs-${data.aws_region.current.id}"
  description = "driftd reads the log files that its queue tells of"
  policy      = data.aws_iam_policy_document.logs[0].json
  tags        = var.tags
}

data "aws_iam_policy_document" "trust" {
  count = length(var.readers) == 0 ? 0 : 1

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.readers
    }

    dynamic "condition" {
      for_each = var.external_id == null ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "queue" {
  count = length(var.readers) == 0 ? 0 : 1

  name               = "${local.prefix}-queue-${data.aws_region.current.id}"
  description        = "driftd reads its queue of events"
  assume_role_policy = data.aws_iam_policy_document.trust[0].json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "queue" {
  count = length(var.readers) == 0 ? 0 : 1

  role       = aws_iam_role.queue[0].name
  policy_arn = aws_iam_policy.queue.arn
}
