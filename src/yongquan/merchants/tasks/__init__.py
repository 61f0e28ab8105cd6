"""Tasks (派单): one piece of work at a shop, or a question about pay, with a published table of its states."""

from yongquan.merchants.tasks.model import TASK_STEPS, Task, TaskKind, TaskState, TaskStep

__all__ = ["TASK_STEPS", "Task", "TaskKind", "TaskState", "TaskStep"]
