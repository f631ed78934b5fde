/** Octets of the memory that threads share for the key of session tickets; see `TicketKeys`. */
export const TICKET_MEMORY_BYTES = 64;
