//! One file a command: `command/<noun>/<verb>.rs`.

use maestro_wire::ErrorBody;

use crate::cli::Top;
use crate::context::Context;
use crate::output::Output;
use crate::up;

pub async fn run(command: Top, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        Top::Up(args) => up::up(args, ctx).await,
        Top::Down(args) => up::down(args, ctx).await,
        Top::Logs(args) => up::logs(args, ctx).await,
        Top::Doctor(args) => up::doctor(args, ctx).await,
    }
}
