variable "name" {
  description = "What the queue is called, and how the names of everything else here begin."
  type        = string
  default     = "driftd"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,40}$", var.name))
    error_message = "Letters, digits, hyphens and underscores, at most 40."
  }
}

variable "services" {
  description = "Services whose changes are sent, as CloudTrail calls them: `ec2` for ec2.amazonaws.com."
  type        = list(string)
  default     = ["ec2", "iam", "s3"]

  validation {
    condition     = length(var.services) > 0
    error_message = "Name at least one service."
  }
}

variable "sessions" {
  description = "Send the calls that begin sessions of roles, too, and sign-ins to the console: by these driftd finds the person behind a role."
  type        = bool
  default     = true
}

variable "senders" {
  description = <<-EOT
    Other accounts whose EventBridge rules may send to the queue: accounts by id, or every account of an organization.
    They send with an IAM role of their own, by the name that `role` has in each of them.
  EOT
  type = object({
    accounts        = optional(list(string), [])
    organization_id = optional(string)
    role            = optional(string, "driftd-events")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for id in var.senders.accounts : can(regex("^[0-9]{12}$", id))])
    error_message = "An account id has twelve digits."
  }

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", coalesce(var.senders.organization_id, "o-0000000000")))
    error_message = "The id of an organization is o- and ten or more letters and digits."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_/-]{1,128}$", var.senders.role))
    error_message = "The role's name, with its path if it has one; no wildcards."
  }
}

variable "kms_key_arn" {
  description = "A KMS key for both queues; without one, SQS's own key encrypts them. Its policy must have the statements of the output `key_policy`."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", coalesce(var.kms_key_arn, "arn:aws:kms:x:000000000000:key/")))
    error_message = "The ARN of a key (arn:aws:kms:...:key/...), not an alias: an IAM policy has to name it."
  }
}

variable "trail" {
  description = <<-EOT
    The bucket of a trail's log files, in the queue's region. S3 tells the queue of every new file, and driftd may read them.
    `account_id` is that of the bucket's owner, if it is another one; `kms_key_arn` is the key that encrypts the log files.
    `notify` sets the bucket's notifications, and replaces whatever it has; false where they are set elsewhere.
  EOT
  type = object({
    bucket      = string
    prefix      = optional(string, "AWSLogs/")
    account_id  = optional(string)
    kms_key_arn = optional(string)
    notify      = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.trail == null ? true : !strcontains("${var.trail.bucket}${var.trail.prefix}", "*")
    error_message = "No wildcards in the bucket or the prefix."
  }
}

variable "readers" {
  description = "ARNs of IAM roles or users as which driftd runs in another account: they may assume a role that reads the queue. Empty: there is no such role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.readers : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "ARNs of roles or users, without wildcards."
  }
}

variable "external_id" {
  description = "What `readers` must say to assume the role: `external_id` in driftd's configuration."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything that can have some."
  type        = map(string)
  default     = {}
}
