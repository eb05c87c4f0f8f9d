package io.penumbra.adapter.traffic.gateway;

/**
 * What a gateway has done since it started, and how it stands.
 *
 * @param protection {@code on}, or {@code off: } and the reason
 * @param backendState {@code up}, or why clients wait
 * @param opaque connections that are passed on without replay
 * @param outstanding requests that the VM has not answered
 * @param logged requests in the log
 * @param logBytes of requests and held responses
 * @param heldResponses waiting for their epoch's ack
 * @param replayed requests told again by takeovers
 * @param swallowed answers that a client had seen before
 * @param differed those of them that were not the same
 * @param leftInDoubt requests whose client had gone and that the VM did not answer in time: done or
 *     not, nobody knows, and no epoch after that has them told again
 * @param stalls how often the log was full, and clients had to wait
 * @param cutMicros how long requests were held back for cuts, in total; with {@code cuts} the mean
 * @param ackWaitMicros how long responses waited for acks, in total
 * @param defects exceptions that should not have been; the connection was closed
 */
public record GatewayMetrics(
    String protection,
    String backendState,
    int connections,
    long accepted,
    int opaque,
    int outstanding,
    long requests,
    long responses,
    int logged,
    long logBytes,
    int heldResponses,
    long streamHeldBytes,
    long replayed,
    long swallowed,
    long differed,
    long givenUp,
    long refused,
    long leftInDoubt,
    long stalls,
    long cuts,
    long quietCuts,
    long lapsedCuts,
    long cutMicros,
    long cutMicrosMax,
    long ackWaitMicros,
    long released,
    long takeovers,
    long closedByTakeover,
    long defects,
    String lastComplaint) {}
