/**
 * What a decoder says of a stranger's bytes: their value, or the reason they were dropped. A drop reason is a word that
 * doubles as the label of its counter. Decoders never throw for what came off the wire.
 */
export type Decoded<T, Drop extends string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly drop: Drop }
