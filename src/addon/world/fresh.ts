/** The source of everything that must not be guessable or must differ; seeded in tests. */
export interface Fresh {
  /** The number in an id such as `my_app_3707`: 1000 to 9999, as the hosted product draws it. */
  number(): number;
  /** A password: 288 bits, 48 characters of the URL-safe base64 alphabet, so it needs no escaping anywhere. */
  password(): string;
}
