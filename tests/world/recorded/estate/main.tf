# A hundred resources in the mixture of a usual account; the benchmark multiplies them.

variable "blocks" {
  default = 1
}

module "block" {
  count  = var.blocks
  source = "./block"
  name   = format("estate-%04d", count.index)
}
