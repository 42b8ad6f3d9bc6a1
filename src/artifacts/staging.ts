/** @file Staging: files are opened once and copied into a private folder while they are hashed; everything later reads the copy. */

export type Staged = {
  /** As the user wrote it. */
  readonly original: string
  /** The private copy. */
  readonly staged: string
  readonly sha256: string
  readonly bytes: number
}

/** An external file of a model, staged under the same relative path beside the model. */
export type StagedExternal = Staged & { readonly location: string }
