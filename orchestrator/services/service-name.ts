/**
 * The name of a service, the same in every runtime, in docker-compose.yml, `status` and logs. Each
 * stands in its file of `services/` and nowhere else; what names a service imports it from there.
 */
export type ServiceName = string;
