export interface PrintOptions {
  /** Adds what tcpdump tells with -vv: addresses, password and checksum of an advertisement. */
  readonly detail?: boolean
}
