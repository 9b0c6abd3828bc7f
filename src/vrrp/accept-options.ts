export interface AcceptOptions {
  /** keepalived up to 2.3.2 dropped advertisements whose addresses differ from ours; later ones only say so. */
  readonly rejectAddressMismatch: boolean
  /** The time of day, by which signed advertisements are told from old ones. */
  readonly wallClockMs: number
}
