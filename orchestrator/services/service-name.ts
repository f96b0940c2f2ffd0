/**
 * The name of a service, the same in every runtime, in docker-compose.yml, `status` and logs. Each
 * name is defined only in the service's file in `services/`. Code that names a service imports it
 * from there.
 */
export type ServiceName = string;
