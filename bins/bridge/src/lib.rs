//! Forwards ledger updates to browsers over one WebSocket.
