/** What a person can do something about: one clear sentence, remedy included. Status 1, or 2 if the command line is wrong. */
export class Failure extends Error {
  readonly status: 1 | 2
  constructor(message: string, status: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.status = status
  }
}
