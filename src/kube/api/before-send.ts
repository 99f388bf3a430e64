import type { Dispatcher } from 'undici';

/** What a request may carry beside undici's own options. */
export interface BeforeSend {
  /**
   * Called when there is a connection for the request and nothing of it has gone out. What it throws ends the request
   * unsent: a wait in a queue may be long, and what was true before it need not be true behind it.
   */
  readonly beforeSend?: (() => void) | undefined;
}

/** For `Dispatcher.compose`. */
export const askingBeforeSend: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const { beforeSend } = options as BeforeSend;
  return dispatch(options, beforeSend === undefined ? handler : asking(handler, beforeSend));
};

/** Every callback is handed on: undici's handlers have private state, and cannot be inherited from. */
function asking(handler: Dispatcher.DispatchHandler, beforeSend: () => void): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      beforeSend();
      handler.onRequestStart?.(controller, context);
    },
    onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
    onResponseStart: (...all) => handler.onResponseStart?.(...all),
    onResponseData: (...all) => handler.onResponseData?.(...all),
    onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
    onResponseError: (...all) => handler.onResponseError?.(...all),
  };
}
