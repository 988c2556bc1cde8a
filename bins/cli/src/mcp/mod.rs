//! `maestro mcp`: a session's daily commands as tools of the Model Context Protocol, on stdio.
//!
//! A tool does what the command of the same name does, over the same client, and answers the same document as `--json`; a
//! refusal is the tool's own error, so that the model reads it. Each call has a connection of its own: an agent may be
//! silent for hours, and brokers come and go.

mod argument;
mod tool;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::model::{CallToolResult, ContentBlock, Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, ServiceExt, tool_handler};

use maestro_runtime::Environment;
use maestro_wire::{ErrorBody, ErrorCode};

use crate::cli::Globals;
use crate::context::Context;
use crate::output::Output;

const INSTRUCTIONS: &str = "Report to Maestro with these tools. Begin with task_next, report with task_log, tick steps off with \
     subtask_complete, ask with task_block and then messages_read (wait_seconds 90), end with task_complete. Without a task's id \
     the session's own is meant. An error has details.commands: the command line's way on.";

/// The server of one agent.
#[derive(Clone)]
pub struct Server {
    globals: Globals,
    environment: Environment,
    // Read by the code that `tool_handler` makes.
    tool_router: ToolRouter<Self>,
}

impl Server {
    pub fn new(globals: Globals, environment: Environment) -> Self {
        Self { globals, environment, tool_router: Self::tools() }
    }

    /// Until the agent closes the pipe.
    pub async fn run(self) -> Result<(), ErrorBody> {
        let failed =
            |error: String| ErrorBody::new(ErrorCode::Disconnected, format!("the agent does not speak MCP: {error}"));
        let running = self.serve(rmcp::transport::stdio()).await.map_err(|error| failed(error.to_string()))?;
        running.waiting().await.map(drop).map_err(|error| failed(error.to_string()))
    }

    fn context(&self) -> Context {
        Context::new(self.globals.clone(), self.environment.clone())
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("maestro", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }
}

/// The document of a command as the result of a tool.
fn told(outcome: Result<Output, ErrorBody>) -> CallToolResult {
    match outcome {
        Ok(output) => CallToolResult::success(vec![ContentBlock::text(output.document())]),
        Err(error) => CallToolResult::error(vec![ContentBlock::text(crate::output::failure(&error))]),
    }
}
