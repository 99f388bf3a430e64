import { z } from 'zod';
import { doc } from './doc.ts';

/**
 * A string of a certain form. The form becomes a CEL rule rather than a `pattern`, because the API server answers a
 * failed pattern with the regular expression and a failed rule with its message. Patterns are RE2: no lookaround.
 */
export function text(form: { pattern: RegExp; max: number; message: string; description: string }) {
  return doc(
    z
      .string()
      .max(form.max)
      .refine((value) => form.pattern.test(value), form.message),
    form.description,
    { rule: `self.matches(r'${form.pattern.source}')`, message: form.message },
  );
}

/** A string of which only the length is known: `max` characters. */
export function anyText(max: number, description: string) {
  return doc(z.string().max(max), description);
}

/** An instant, RFC 3339 in UTC. */
export function instant(description: string) {
  return z.string().max(40).meta({ description, format: 'date-time' });
}

/** The name of an object of the same namespace, or of the cluster: a DNS-1123 subdomain. */
export function objectName(description: string) {
  return text({
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    max: 253,
    message: 'must be an object name: lower case letters, digits, "-" and "."',
    description,
  });
}

/** A DNS-1123 label, which is what container names are. */
export function label(max: number, description: string) {
  return text({
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    max,
    message: 'must be lower case letters, digits and "-", beginning and ending with a letter or digit',
    description,
  });
}

/** A reference to another object in the namespace of the addon. No reference has a namespace. */
export function nameRef(description: string) {
  return doc(z.strictObject({ name: objectName('Name of the object, in the same namespace.') }), description);
}
