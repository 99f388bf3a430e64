export const ADMIN_USER = 'admin';

/** Keys of the admin Secret. */
export const ADMIN_KEY = {
  id: 'id',
  username: 'username',
  password: 'password',
  adminUsername: 'admin-username',
  adminPassword: 'admin-password',
  openedBy: 'opened-by-version',
  inForce: 'in-force',
  passwordUnproven: 'password-unproven',
  rotation: 'rotation',
  rotatedFor: 'rotated-for',
  retired: 'retired-login',
  /** What was listed of the contents of the database, as JSON. */
  contents: 'contents',
} as const;

/** Of a key of the admin Secret that holds the password of a user of `spec.users`; the name of the user follows. */
export const USER_KEY_PREFIX = 'user.';
