/** Where the agent in the database's pod listens. */
export const AGENT_PORT = 8087;

/** Where its certificates are mounted in that pod. */
export const AGENT_DIR = '/run/influxaddon/agent';

/** The name that its certificates are for; they are told apart by who signed them, which nobody else can. */
export const AGENT_NAME = 'agent.influxaddon.dev';

/** The files of agent and Jobs in the Secret `<addon>-influx-agent`. */
export const AGENT_FILES = {
  authority: 'ca.crt',
  serverCertificate: 'agent.crt',
  serverKey: 'agent.key',
  clientCertificate: 'client.crt',
  clientKey: 'client.key',
} as const;
