output "queue_url" {
  description = "For `events` in driftd's configuration: `- sqs: {url: ...}`."
  value       = aws_sqs_queue.events.url
}

output "queue_arn" {
  description = "For rules of other accounts, and for notifications that are set elsewhere."
  value       = aws_sqs_queue.events.arn
}

output "dead_letter_queue_url" {
  description = "What could not be read or delivered: watch that it stays empty."
  value       = aws_sqs_queue.dead_letters.url
}

output "queue_policy_arn" {
  description = "The IAM policy to read the queue: for driftd's own role, unless it assumes `role_arn`."
  value       = aws_iam_policy.queue.arn
}

output "logs_policy_arn" {
  description = "The IAM policy to read the log files, for driftd's own role; null without `trail`."
  value       = one(aws_iam_policy.logs[*].arn)
}

output "role_arn" {
  description = "The role that reads the queue: `role_arn` of the queue in driftd's configuration; null without `readers`."
  value       = one(aws_iam_role.queue[*].arn)
}

output "event_patterns" {
  description = "The patterns of the rules, as JSON, with their states: for rules of other accounts."
  value       = local.rules
}

output "key_policy" {
  description = "The statements, as JSON, that the policy of `kms_key_arn` must have, so that all senders can send; null without a key."
  value       = var.kms_key_arn == null ? null : jsonencode(local.key_statements)
}
