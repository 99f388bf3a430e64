import { text } from './text.ts';

/** Bytes as Kubernetes writes them: `512Mi`, `20Gi`, `1500M`. */
export function bytes(description: string) {
  return text({
    pattern: /^[1-9][0-9]{0,14}(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/,
    max: 20,
    message: 'must be a whole number of bytes with a unit, such as 512Mi or 20Gi',
    description,
  });
}

/** CPU cores as Kubernetes writes them: `250m`, `"1"`, `1.5`. */
export function cores(description: string) {
  return text({
    pattern: /^([1-9][0-9]{0,6}m|[1-9][0-9]{0,3}(\.[0-9]{1,3})?|0\.[0-9]{0,2}[1-9][0-9]{0,2})$/,
    max: 12,
    message: 'must be an amount of CPU in quotes, such as "250m" or "1"',
    description,
  });
}
